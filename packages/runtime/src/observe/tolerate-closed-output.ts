let tolerant = false

/**
 * Without it the process ends, without a commit, when who reads its output has gone, such as a collector of logs that is restarted: Node.js
 * throws the error of a write of `console`, since nobody listens to it.
 */
export function tolerateClosedOutput(): void {
  if (tolerant) return
  tolerant = true
  // There is no place left to say it.
  const ignore = () => undefined
  process.stdout.on('error', ignore)
  process.stderr.on('error', ignore)
}
