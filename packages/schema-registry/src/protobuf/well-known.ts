import type { DescFile } from '@bufbuild/protobuf'
import {
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt'
import { fromDescriptor } from './from-descriptor.ts'
import { LinkedProto } from './link-proto.ts'
import { parseProto } from './parse-proto.ts'

const GOOGLE: readonly DescFile[] = [
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
]

/** Files that Confluent's serializers and registry know without a reference. */
const CONFLUENT: Readonly<Record<string, string>> = {
  'confluent/meta.proto': `
    syntax = "proto3";
    package confluent;
    import "google/protobuf/descriptor.proto";
    message Meta {
      string doc = 1;
      map<string, string> params = 2;
      repeated string tags = 3;
    }
    extend google.protobuf.FileOptions { Meta file_meta = 1088; }
    extend google.protobuf.MessageOptions { Meta message_meta = 1088; }
    extend google.protobuf.FieldOptions { Meta field_meta = 1088; }
    extend google.protobuf.EnumOptions { Meta enum_meta = 1088; }
    extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; }`,
  'confluent/type/decimal.proto': `
    syntax = "proto3";
    package confluent.type;
    message Decimal {
      bytes value = 1;
      uint32 precision = 2;
      int32 scale = 3;
    }`,
}

const linked = new Map<string, LinkedProto>()

/** A file that needs no reference: Google's and Confluent's own. */
export function wellKnownProto(path: string): LinkedProto | undefined {
  const made = linked.get(path)
  if (made !== undefined) return made
  const google = GOOGLE.find(({ name }) => `${name}.proto` === path)
  const text = CONFLUENT[path]
  if (google === undefined && text === undefined) return undefined
  const file = google === undefined ? parseProto(text!) : fromDescriptor(google.proto)
  const result = new LinkedProto(path, file, wellKnownProto)
  linked.set(path, result)
  return result
}
