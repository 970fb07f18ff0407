import { useByteArrays } from './byte-arrays.ts'

/** To be imported by every entry that needs Node.js, so that serdes work on Node's arrays from the first record on. */
useByteArrays({
  allocate: size => Buffer.allocUnsafe(size),
  view: bytes => (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
  compare: (one, other) => Buffer.compare(one, other),
})
