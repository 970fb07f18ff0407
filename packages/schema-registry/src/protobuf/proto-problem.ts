/** A .proto file that is not valid. */
export class ProtoProblem extends Error {
  override readonly name = 'ProtoProblem'

  /** @param where a place in the text, or the full name of what is wrong */
  constructor(where: string, reason: string) {
    super(where === '' ? reason : `${where}: ${reason}`)
  }
}
