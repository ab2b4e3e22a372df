//! What keeps the hub from starting, in words.

use crate::{
    operator::{bare, folder, run_to_its_end, words},
    support::{Hub, Settings, hub::free_port, playbooks},
};

#[tokio::test]
async fn o_a_second_process_on_the_same_file_refuses_to_start_and_the_first_goes_on() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let output = run_to_its_end(Hub::command(&Settings::new(), hub.folder(), free_port())).await;
    assert_eq!(output.status.code(), Some(1), "a failed start is no usage fault: {}", words(&output));
    assert!(words(&output).contains("in use by another process"), "{}", words(&output));
    assert!(words(&output).contains("usher.db"), "it does not say which file: {}", words(&output));
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
}

#[tokio::test]
async fn o_a_port_in_use_refuses_to_start_with_words() {
    let hub = Hub::start().await;
    let folder = folder();
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let output = run_to_its_end(Hub::command(&Settings::new(), &folder, hub.port)).await;
    assert!(!matches!(output.status.code(), Some(0 | 64)), "{}", words(&output));
    assert!(words(&output).contains(&hub.port.to_string()), "{}", words(&output));
}

#[tokio::test]
async fn o_an_unwritable_data_folder_refuses_to_start_with_words() {
    let folder = folder();
    // A file where the folder should be: not even root can write into it.
    std::fs::write(folder.path().join("data"), "in the way").expect("a file");
    for verb in ["check", "serve"] {
        let mut command = bare(&folder);
        command.arg(verb).env("USHER_LISTEN", format!("127.0.0.1:{}", free_port()));
        let output = run_to_its_end(command).await;
        assert_eq!(output.status.code(), Some(64), "{verb}: {}", words(&output));
        assert!(words(&output).contains("data folder"), "{verb}: {}", words(&output));
    }
}

#[tokio::test]
async fn o_a_file_that_is_no_store_refuses_to_start_and_is_left_as_it_was() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    std::fs::write(&path, "this is no database, it only lies where one should be".repeat(100)).expect("a file");
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let before = std::fs::read(&path).expect("a file");
    let output = run_to_its_end(Hub::command(&Settings::new(), &folder, free_port())).await;
    assert!(!output.status.success(), "{}", words(&output));
    assert_eq!(std::fs::read(&path).expect("a file"), before);
}

#[tokio::test]
async fn o_a_store_of_a_newer_program_is_refused_and_left_as_it_was() {
    let mut hub = Hub::start().await;
    hub.visitor(playbooks::LIVE).await;
    hub.terminate();
    assert_eq!(hub.exit(std::time::Duration::from_secs(40)).await.code(), Some(0));
    let path = hub.folder().path().join("usher.db");
    let store = rusqlite::Connection::open(&path).expect("a store");
    store.execute("INSERT INTO migration VALUES (999, 'of tomorrow', 'x', 0)", []).expect("a step");
    drop(store);
    let output = run_to_its_end(Hub::command(&Settings::new(), hub.folder(), free_port())).await;
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let said = words(&output);
    assert!(said.contains("newer") && said.contains("999") && said.contains("usher.db"), "{said}");
    let store = rusqlite::Connection::open(&path).expect("a store");
    let steps: i64 = store.query_row("SELECT max(version) FROM migration", [], |row| row.get(0)).expect("a row");
    assert_eq!(steps, 999);
    store.execute("DELETE FROM migration WHERE version = 999", []).expect("one less");
    drop(store);
    hub.restart().await;
    hub.visitor(playbooks::LIVE).await;
}

#[tokio::test]
async fn o_metrics_that_cannot_be_listened_for_refuse_to_start() {
    let hub = Hub::start().await;
    let folder = folder();
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let settings = Settings::new().set("USHER_DOOR__METRICS_LISTEN", &format!("127.0.0.1:{}", hub.port));
    let output = run_to_its_end(Hub::command(&settings, &folder, free_port())).await;
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains(&hub.port.to_string()), "{}", words(&output));
}
