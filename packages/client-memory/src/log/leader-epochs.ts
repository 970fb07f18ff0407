interface EpochStart {
  readonly epoch: number
  readonly offset: number
}

/** Where each leader of a partition began to write (KIP-101). */
export class LeaderEpochs {
  #starts: readonly EpochStart[] = [{ epoch: 0, offset: 0 }]

  get current(): number {
    return this.#starts.at(-1)!.epoch
  }

  /** Another leader, whose log ends at `offset`: what others wrote after it is not there. */
  elect(offset: number): void {
    const epoch = this.current + 1
    this.#starts = [...this.#starts.filter(start => start.offset < offset), { epoch, offset }]
  }

  /** Where the last epoch up to this one ends; undefined for an epoch that was never there. */
  endOf(epoch: number, logEnd: number): number | undefined {
    if (epoch > this.current) return undefined
    return this.#starts.find(start => start.epoch > epoch)?.offset ?? logEnd
  }
}
