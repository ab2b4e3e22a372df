//! Secrets the hub makes for itself on its first run.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::keyring::SECRET_BYTES;

/// The secret in `path`, made at random when the file is not there yet:
/// 256 bits as text, readable by the owner only. The text itself is the secret.
pub fn secret_file(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().len() >= SECRET_BYTES => Ok(text.trim().as_bytes().to_vec()),
        Ok(_) => {
            Err(io::Error::new(ErrorKind::InvalidData, "holds less than 32 bytes; remove it and a new one is made"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

/// Written beside and linked into place, so that of two programs starting at
/// once both end up with the same, whole secret.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>());
    let draft = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = writeln!(file, "{secret}").and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match written {
        Ok(()) => Ok(secret.into_bytes()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => secret_file(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn o_a_secret_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data").join("agent.key");
        let first = secret_file(&path).expect("made");
        assert!(first.len() >= SECRET_BYTES);
        assert_eq!(secret_file(&path).expect("read"), first);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let files = fs::read_dir(path.parent().expect("a parent")).expect("readable");
        assert_eq!(files.count(), 1, "no draft stays behind");
        let other = secret_file(&folder.path().join("other.key")).expect("made");
        assert_ne!(first, other);
    }

    #[test]
    fn o_a_cut_secret_is_refused_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.key");
        fs::write(&path, "short").expect("written");
        let error = secret_file(&path).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(fs::read_to_string(&path).expect("there"), "short");
    }
}
