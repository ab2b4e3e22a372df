//! A listening socket.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// Connections the kernel may hold for us. With the usual 128 a storm pays a second for every SYN that is dropped.
const BACKLOG: u32 = 4096;

/// Listens on `address`. What is sent on a connection leaves at once; each inherits that. The kernel takes about
/// `unsent_bytes` of each before its reader has to read: left to itself it would take megabytes, and a stalled reader would
/// be noticed, and cost, that much later.
///
/// # Errors
/// What the system says: the address is in use, not this machine's, or not for us.
pub fn listen(address: SocketAddr, unsent_bytes: usize) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for connections of the process before.
    socket.set_reuseaddr(true)?;
    // Linux reserves twice what it is told, and on a fast line nearly all of it is bytes.
    let told = if cfg!(target_os = "linux") { unsent_bytes / 2 } else { unsent_bytes };
    socket.set_send_buffer_size(u32::try_from(told).unwrap_or(u32::MAX))?;
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn p1_what_is_sent_leaves_at_once() {
        let listener = listen(([127, 0, 0, 1], 0).into(), 64 * 1024).expect("a port");
        let _client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        let (stream, _) = listener.accept().await.expect("accepted");
        assert!(stream.nodelay().expect("known"));
    }

    #[tokio::test]
    async fn l1_the_kernel_takes_no_megabytes_for_a_reader_who_does_not_read() {
        let listener = listen(([127, 0, 0, 1], 0).into(), 64 * 1024).expect("a port");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let stalled = socket.connect(listener.local_addr().expect("an address")).await.expect("connected");
        let (stream, _): (TcpStream, _) = listener.accept().await.expect("accepted");
        stream.writable().await.expect("writable");
        let mut taken = 0;
        let end = loop {
            match stream.try_write(&[0; 4096]) {
                Ok(written) => taken += written,
                Err(error) => break error,
            }
        };
        assert_eq!(end.kind(), ErrorKind::WouldBlock);
        // What the reader's side of the kernel took is in it.
        assert!((16 * 1024..80 * 1024).contains(&taken), "{taken}");
        drop(stalled);
    }
}
