//! What a store promises, told once for every store, and what goes wrong around SQLite.

mod contract;
mod faults;
mod killed;
mod postgres;
mod restored;
pub(crate) mod talk;
mod upgraded;

/// How a store of some kind is opened, again and again the same one.
pub(crate) trait Ground: Send + Sync {
    /// Opens it. Whoever had it open before has dropped it.
    fn open(&self) -> std::sync::Arc<dyn usher::store::Store>;
}

mod sqlite {
    use std::{sync::Arc, time::Duration};

    use usher::store::{
        Store,
        sqlite::{Options, Sqlite},
    };

    use super::Ground;

    /// SQLite in a folder of its own.
    struct Folder {
        folder: tempfile::TempDir,
        options: Options,
    }

    impl Folder {
        fn with(options: Options) -> Self {
            Self { folder: tempfile::tempdir().expect("a folder"), options }
        }
    }

    impl Ground for Folder {
        fn open(&self) -> Arc<dyn Store> {
            let path = self.folder.path().join("usher.db");
            Arc::new(Sqlite::open_with(path, self.options).expect("it opens"))
        }
    }

    /// As it is used.
    mod as_it_is {
        super::super::contract::contract!(super::Folder::with(super::Options::default()));
    }

    /// Everything waits for the index: all is read from the tail, and from the log again at each start.
    mod never_indexed {
        super::super::contract::contract!(super::Folder::with(super::Options {
            index_idle: super::Duration::from_secs(3600),
            ..super::Options::default()
        }));
    }

    /// Hardly anything waits for the index.
    mod always_indexed {
        super::super::contract::contract!(super::Folder::with(super::Options {
            index_at: 1,
            index_idle: super::Duration::ZERO,
            ..super::Options::default()
        }));
    }
}
