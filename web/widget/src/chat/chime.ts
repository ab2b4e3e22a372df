const FIRST_HZ = 660;
const SECOND_HZ = 880;
const QUIET = 0.08;

/** Two soft notes, made on the spot: no file is fetched. */
export function chime(): void {
  const audio = new AudioContext();
  const note = new OscillatorNode(audio, { frequency: FIRST_HZ });
  const volume = new GainNode(audio, { gain: QUIET });
  const now = audio.currentTime;
  note.frequency.setValueAtTime(SECOND_HZ, now + 0.15);
  volume.gain.setTargetAtTime(0, now + 0.2, 0.1);
  note.connect(volume).connect(audio.destination);
  note.start();
  note.stop(now + 0.8);
  note.onended = () => audio.close();
}
