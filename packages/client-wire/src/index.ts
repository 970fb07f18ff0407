export { WireError, type WireErrorReason } from './protocol/wire-error.ts'
