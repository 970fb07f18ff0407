/** A record of strings and longs in Avro, behind the id of its schema as in Confluent's wire format. Longs up to 2^30. */
export function avroRecord(schemaId: number, fields: readonly (string | number)[]): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeInt32BE(schemaId, 1)
  return Buffer.concat([prefix, ...fields.flatMap(field => (typeof field === 'number' ? long(field) : text(field)))])
}

function text(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value)
  return [long(bytes.length), bytes]
}

/** Zigzag, seven bits in each byte. */
function long(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}
