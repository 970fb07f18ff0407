/** A duration of Avro. The parts are not convertible: months have different lengths. */
export interface AvroDuration {
  readonly months: number
  readonly days: number
  readonly milliseconds: number
}

/** A duration of Avro: three unsigned numbers of 32 bits, little-endian. */
export function durationOf(raw: Uint8Array): AvroDuration {
  const bytes = Buffer.from(raw)
  return { months: bytes.readUInt32LE(0), days: bytes.readUInt32LE(4), milliseconds: bytes.readUInt32LE(8) }
}

/** @throws when a number does not fit */
export function bytesOfDuration({ months, days, milliseconds }: AvroDuration): Buffer {
  const bytes = Buffer.alloc(12)
  for (const [index, [name, value]] of Object.entries({ months, days, milliseconds }).entries()) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw new Error(`${value} ${name} are no unsigned number of 32 bits`)
    bytes.writeUInt32LE(value, index * 4)
  }
  return bytes
}
