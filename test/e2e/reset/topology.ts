import { long, StreamsBuilder, string } from 'millrace'

/** What the command line of the test is given as `--topology`. */
const builder = new StreamsBuilder()
builder
  .stream(`${process.env['RESET_TEST_NAME']}-lines`, { key: string(), value: string() })
  .groupBy(word => word, { key: string(), value: string(), name: 'by-word' })
  .count({ store: 'counts' })
  .toStream()
  .to(`${process.env['RESET_TEST_NAME']}-out`, { key: string(), value: long() })

export const plan = builder.build()
