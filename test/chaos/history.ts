/** What happened when, for people: one line each, on stdout at once. */
export interface History {
  say(line: string): void
}

export function history(): History {
  const began = Date.now()
  return {
    say(line) {
      const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(7)
      console.log(`${seconds} s  ${line}`)
    },
  }
}
