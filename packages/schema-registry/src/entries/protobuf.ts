export {
  protobuf,
  type Protobuf,
  type ProtobufMessage,
  type ProtobufOptions,
  type ProtobufTextOptions,
} from '../serde/protobuf.ts'
export type { RegisteredSerdeOptions } from '../serde/serde-options.ts'
