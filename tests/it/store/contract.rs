//! What every store promises. Each promise is a function of a [`Ground`](super::Ground); [`contract`] makes the tests
//! of one store out of them.

pub(crate) mod appending;
pub(crate) mod deliveries;
pub(crate) mod erasing;
pub(crate) mod finding;
pub(crate) mod folders;
pub(crate) mod keeping;
pub(crate) mod model;
pub(crate) mod outbox;
pub(crate) mod reading;
pub(crate) mod reports;
pub(crate) mod settings;

/// Makes a ground with nothing on it.
pub(crate) type NewGround<'a> = &'a (dyn Fn() -> Box<dyn super::Ground> + Sync);

/// Runs every promise against grounds, each on new ones.
macro_rules! contract {
    ($ground:expr) => {
        $crate::store::contract::contract! {
            @ $ground;
            #[test] fn d1_what_was_answered_is_there_after_reopening in appending;
            #[test] fn d1_appends_of_many_share_commits_and_keep_their_own_verdicts in appending;
            #[test] fn d2_a_key_makes_one_event_for_ever in appending;
            #[test] fn d2_keys_of_different_authors_and_conversations_do_not_meet in appending;
            #[test] fn d2_of_many_who_send_one_key_at_once_one_writes in appending;
            #[test] fn d3_of_many_who_append_at_one_head_one_wins_and_the_others_write_nothing in appending;
            #[test] fn d3_an_append_that_would_leave_a_hole_is_refused_whole in appending;
            #[test] fn p6_a_conversation_that_never_was_is_unknown in appending;
            #[test] fn a5_of_many_starts_of_one_visitor_one_opens in appending;
            #[test] fn a5_after_the_end_a_visitor_may_begin_again in appending;
            #[test] fn p2_events_are_paged_forwards_by_number_and_by_size in reading;
            #[test] fn p2_events_are_paged_backwards_by_number_and_by_size in reading;
            #[test] fn p2_a_visitors_history_neither_shows_nor_counts_what_agents_see in reading;
            #[test] fn d5_a_reader_sees_what_was_answered_before_it_asked in reading;
            #[test] fn p1_a_store_that_was_restored_has_a_new_epoch_from_its_next_opening_on in reading;
            #[test] fn p1_the_epoch_stays_and_the_clock_does_not_go_back in reading;
            #[test] fn d6_a_load_is_the_fold_of_the_whole_log in keeping;
            #[test] fn p2_what_stands_beside_a_log_is_kept_beside_it in keeping;
            #[test] fn r15_items_come_with_the_panel_as_it_stands_now in keeping;
            #[test] fn r13_items_of_what_one_may_not_see_are_left_out in keeping;
            #[test] fn r15_an_item_told_twice_only_learns_where_the_crm_keeps_it in keeping;
            #[test] fn p1_an_identity_adopts_an_open_conversation_once in keeping;
            #[test] fn w1_deadlines_fall_due_in_order_until_the_wait_ends in finding;
            #[test] fn r9_the_queue_is_those_who_wait_longest_first in finding;
            #[test] fn r19_the_silent_are_those_without_an_agent_whose_last_event_is_old in finding;
            #[test] fn p3_a_visitor_finds_the_open_conversation_else_the_last_of_the_day in finding;
            #[test] fn p4_words_are_found_wherever_they_were_written_within_five_seconds in finding;
            #[test] fn s5_no_query_breaks_the_search in finding;
            #[test] fn d4_heads_say_where_conversations_have_come_to_and_whose_they_are in finding;
            #[test] fn d4_what_moved_is_found_by_the_moment_it_was_decided in finding;
            #[test] fn p2_what_two_nodes_keep_beside_a_log_never_goes_back in keeping;
            #[test] fn d6_the_sizes_of_all_folders_are_as_the_last_commits_left_them in folders;
            #[test] fn r11_a_conversation_stands_in_one_folder_and_the_counts_say_so in folders;
            #[test] fn r16_closed_without_the_live_chat_card_counts_nowhere in folders;
            #[test] fn r5_a_card_reached_while_not_installed_stands_in_all_and_counts_nowhere in folders;
            #[test] fn p4_folders_have_their_orders in folders;
            #[test] fn p4_pages_stay_right_while_rows_move in folders;
            #[test] fn r13_all_can_leave_out_the_conversations_of_others in folders;
            #[test] fn s1_workspaces_do_not_see_each_other in folders;
            #[test] fn pr1_the_last_word_of_every_node_is_kept_and_swept_a_while_after_its_end in settings;
            #[test] fn r10_the_switch_is_the_agents_and_survives_everything in settings;
            #[test] fn s2_a_removal_takes_the_worth_of_every_token_that_is_not_provably_newer in settings;
            #[test] fn r4_a_playbook_keeps_its_versions_and_its_id_for_ever in settings;
            #[test] fn r5_a_playbook_is_installed_once_it_was_seen in settings;
            #[test] fn w2_what_the_outside_is_told_is_written_with_the_event in outbox;
            #[test] fn w2_a_webhook_is_kept_as_it_was_made_until_it_is_deleted in outbox;
            #[test] fn l2_a_workspace_has_no_more_webhooks_than_it_may in outbox;
            #[test] fn s1_webhooks_and_deliveries_of_another_workspace_are_not_there in outbox;
            #[test] fn w2_a_taken_delivery_is_one_nodes_until_its_lease_runs_out in deliveries;
            #[test] fn w2_of_many_nodes_that_take_at_once_each_delivery_falls_to_one in deliveries;
            #[test] fn w2_a_failed_delivery_is_due_when_it_was_said_and_counts_its_tries in deliveries;
            #[test] fn w2_events_of_a_conversation_keep_their_order_until_one_has_failed_too_often in deliveries;
            #[test] fn w2_one_webhooks_backlog_leaves_room_for_the_others in deliveries;
            #[test] fn w2_a_disabled_webhook_hears_nothing_new_and_gives_up_what_waits in deliveries;
            #[test] fn w2_a_webhook_that_is_switched_on_again_hears_of_what_happens_from_then_on in deliveries;
            #[test] fn r18_what_failed_of_a_conversation_is_found_and_due_at_once_when_it_is_asked_for in deliveries;
            #[test] fn w2_deliveries_are_paged_newest_first_and_by_their_state in deliveries;
            #[test] fn l6_what_was_delivered_or_given_up_is_forgotten_after_its_time in deliveries;
            #[test] fn b_canned_answers_are_saved_behind_the_version_they_were_read_at in reports;
            #[test] fn b_the_stations_of_conversations_are_told_of_those_one_may_see in reports;
            #[test] fn b2_an_erasure_takes_the_person_out_and_leaves_all_the_rest in erasing;
            #[test] fn d6_whatever_happens_folds_counters_keys_and_pages_agree_with_a_model in model;
        }
    };
    (@ $ground:expr; $(#[$test:meta] fn $promise:ident in $room:ident;)*) => {
        $(
            #[$test]
            fn $promise() {
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
                let new = || -> Box<dyn $crate::store::Ground> { Box::new($ground) };
                runtime.expect("a runtime").block_on($crate::store::contract::$room::$promise(&new));
            }
        )*
    };
}
pub(crate) use contract;
