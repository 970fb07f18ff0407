export { compress, decompress } from './codecs.ts'
