/** Two soft tones, made here: there is no file to fetch. Browsers play nothing before the page's first click. */
export async function chime(): Promise<void> {
  if (!("AudioContext" in globalThis)) return;
  const audio = new AudioContext();
  const end = audio.currentTime + 0.5;
  for (const [frequency, start] of [
    [660, 0],
    [880, 0.12],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + start;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, end);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(end);
  }
  // A context is a thread: it is given back when the last tone has faded.
  setTimeout(() => void audio.close(), 1_000);
}
