use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

const LIMITS: MeterLimits =
    MeterLimits { frames_per_second: 100, frame_burst: 200, bytes_per_second: 65_536, byte_burst: 262_144 };

fn frame(opcode: u8, last: bool, payload: usize) -> Vec<u8> {
    let mut frame = vec![opcode | if last { 0x80 } else { 0 }];
    match payload {
        0..126 => frame.push(0x80 | payload as u8),
        126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(payload as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[1, 2, 3, 4]);
    frame.resize(frame.len() + payload, 0);
    frame
}

/// Sends `frame` again and again as fast as it is taken, until nobody listens any more.
fn flood(mut stream: DuplexStream, frame: Vec<u8>) {
    tokio::spawn(async move { while stream.write_all(&frame).await.is_ok() {} });
}

/// Reads for `time`, or until an error.
async fn read_for(stream: &mut Metered<DuplexStream>, time: Duration) -> (usize, Option<io::ErrorKind>) {
    let end = Instant::now() + time;
    let (mut total, mut buffer) = (0, vec![0; 4096]);
    loop {
        match tokio::time::timeout_at(end, stream.read(&mut buffer)).await {
            Err(_) => return (total, None),
            Ok(Ok(read)) => total += read,
            Ok(Err(error)) => return (total, Some(error.kind())),
        }
    }
}

proptest! {
    #[test]
    fn l2_frames_are_counted_however_the_bytes_are_cut(
        payloads in prop::collection::vec(prop_oneof![0..300usize, 65_000..66_000usize], 1..20),
        cut in 1..5000usize,
    ) {
        let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(1, true, *payload)).collect();
        let mut state = Frame::default();
        let counted: Option<u32> = bytes.chunks(cut).map(|part| state.advance(part)).sum();
        prop_assert_eq!(counted, Some(payloads.len() as u32));
        prop_assert_eq!((state.known, state.payload), (0, 0));
    }

    #[test]
    fn s5_any_bytes_are_taken_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let _ = Frame::default().advance(&bytes);
    }
}

#[test]
fn l2_a_message_in_seventeen_pieces_is_refused_and_one_in_sixteen_is_not() {
    let message = |pieces: usize| -> Vec<u8> {
        let piece = |at: usize| frame(u8::from(at == 0), at + 1 == pieces, 1);
        // A ping between the pieces is not one of them.
        (0..pieces).flat_map(|at| [piece(at), frame(9, true, 0)].concat()).collect()
    };
    let mut state = Frame::default();
    assert!(state.advance(&message(16)).is_some());
    assert!(state.advance(&message(16)).is_some(), "the count begins again");
    assert!(state.advance(&message(17)).is_none());
}

#[tokio::test(start_paused = true)]
async fn l2_too_many_bytes_are_slowed_to_the_rate() {
    let (near, far) = duplex(64 * 1024);
    flood(near, frame(1, true, 8000));
    let mut stream = Metered::new(far, LIMITS, &[]).expect("fine");
    let (read, error) = read_for(&mut stream, Duration::from_secs(10)).await;
    assert_eq!(error, None);
    let allowed = 262_144 + 10 * 65_536;
    assert!((allowed - 8192..=allowed + 8192).contains(&read), "{read} of {allowed}");
}

#[tokio::test(start_paused = true)]
async fn l2_too_many_frames_are_slowed_to_the_rate() {
    let (near, far) = duplex(64);
    flood(near, frame(9, true, 0));
    let mut stream = Metered::new(far, LIMITS, &[]).expect("fine");
    let (read, error) = read_for(&mut stream, Duration::from_secs(10)).await;
    assert_eq!(error, None);
    let frames = read / 6;
    assert!((1180..=1220).contains(&frames), "{frames}");
}

#[tokio::test(start_paused = true)]
async fn l2_half_a_minute_without_a_gap_ends_it() {
    let (near, far) = duplex(64 * 1024);
    flood(near, frame(1, true, 8000));
    let mut stream = Metered::new(far, LIMITS, &[]).expect("fine");
    let began = Instant::now();
    let (_, error) = read_for(&mut stream, Duration::from_secs(100)).await;
    assert_eq!(error, Some(io::ErrorKind::QuotaExceeded));
    let lasted = began.elapsed().as_secs();
    assert!((30..36).contains(&lasted), "{lasted} s");
    assert_eq!(stream.read(&mut [0; 9]).await.expect_err("still").kind(), io::ErrorKind::QuotaExceeded);
    assert!(stream.write(b"close").await.is_ok(), "a close can still be sent");
}

#[tokio::test(start_paused = true)]
async fn l2_bursts_with_gaps_never_end_it() {
    let (mut near, far) = duplex(64 * 1024);
    let mut stream = Metered::new(far, LIMITS, &[]).expect("fine");
    let burst: Vec<u8> = (0..300).flat_map(|_| frame(9, true, 0)).collect();
    for _ in 0..60 {
        near.write_all(&burst).await.expect("taken");
        let (read, error) = read_for(&mut stream, Duration::from_secs(4)).await;
        assert_eq!((read, error), (burst.len(), None));
    }
}

#[tokio::test(start_paused = true)]
async fn o_a_rate_of_zero_is_no_limit() {
    let limits = MeterLimits { frames_per_second: 0, bytes_per_second: 0, ..LIMITS };
    let (near, far) = duplex(64 * 1024);
    flood(near, frame(9, true, 0));
    let mut stream = Metered::new(far, limits, &[]).expect("fine");
    let mut buffer = vec![0; 6 * 100_000];
    let began = Instant::now();
    stream.read_exact(&mut buffer).await.expect("read");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[test]
fn l1_a_meter_is_small() {
    assert!(size_of::<Metered<()>>() <= 152, "{}", size_of::<Metered<()>>());
}
