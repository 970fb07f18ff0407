/** Test messages in the form that protoc-gen-es gives them. */
import type { Message } from '@bufbuild/protobuf'
import { fileDesc, type GenFile, type GenMessage, messageDesc } from '@bufbuild/protobuf/codegenv2'
import { file_google_protobuf_timestamp, type Timestamp } from '@bufbuild/protobuf/wkt'

/** The file of these messages, as text. */
export const CUSTOMER_PROTO = `syntax = "proto3";
package shop;

message Customer {
  string name = 1;
}
`
export const ORDER_PROTO = `syntax = "proto3";
package shop;

import "shop/customer.proto";
import "google/protobuf/timestamp.proto";

message Order {
  int64 id = 1;
  Customer customer = 2;
  repeated Line lines = 3;
  map<string, int32> stock = 4;
  google.protobuf.Timestamp at = 5;
  optional string note = 8;

  oneof payment {
    string card = 6;
    bool cash = 7;
  }

  message Line {
    string sku = 1;
    double price = 2;
  }
}
message Item {
  string sku = 1;
}
`

const customerFile: GenFile = fileDesc(
  'ChNzaG9wL2N1c3RvbWVyLnByb3RvEgRzaG9wIh4KCEN1c3RvbWVyEhIKBG5hbWUYASABKAlSBG5hbWViBnByb3RvMw==',
)
const orderFile: GenFile = fileDesc(
  'ChBzaG9wL29yZGVyLnByb3RvEgRzaG9wGhNzaG9wL2N1c3RvbWVyLnByb3RvGh9nb29nbGUvcHJvdG9idWYvdGltZXN0YW1wLnByb3RvIogDCgVPcmRlchIOCgJpZBgBIAEoA1ICaWQSKgoIY3VzdG9tZXIYAiABKAsyDi5zaG9wLkN1c3RvbWVyUghjdXN0b21lchImCgVsaW5lcxgDIAMoCzIQLnNob3AuT3JkZXIuTGluZVIFbGluZXMSLAoFc3RvY2sYBCADKAsyFi5zaG9wLk9yZGVyLlN0b2NrRW50cnlSBXN0b2NrEioKAmF0GAUgASgLMhouZ29vZ2xlLnByb3RvYnVmLlRpbWVzdGFtcFICYXQSFAoEY2FyZBgGIAEoCUgAUgRjYXJkEhQKBGNhc2gYByABKAhIAFIEY2FzaBIXCgRub3RlGAggASgJSAFSBG5vdGWIAQEaLgoETGluZRIQCgNza3UYASABKAlSA3NrdRIUCgVwcmljZRgCIAEoAVIFcHJpY2UaOAoKU3RvY2tFbnRyeRIQCgNrZXkYASABKAlSA2tleRIUCgV2YWx1ZRgCIAEoBVIFdmFsdWU6AjgBQgkKB3BheW1lbnRCBwoFX25vdGUiGAoESXRlbRIQCgNza3UYASABKAlSA3NrdWIGcHJvdG8z',
  [customerFile, file_google_protobuf_timestamp],
)

type Customer = Message<'shop.Customer'> & { name: string }
type Line = Message<'shop.Order.Line'> & { sku: string; price: number }
type Item = Message<'shop.Item'> & { sku: string }
export type Order = Message<'shop.Order'> & {
  id: bigint
  customer?: Customer | undefined
  lines: Line[]
  stock: { [key: string]: number }
  at?: Timestamp | undefined
  note?: string | undefined
  payment: { case: 'card'; value: string } | { case: 'cash'; value: boolean } | { case: undefined; value?: undefined }
}

export const OrderSchema: GenMessage<Order> = messageDesc(orderFile, 0)
export const LineSchema: GenMessage<Line> = messageDesc(orderFile, 0, 0)
export const ItemSchema: GenMessage<Item> = messageDesc(orderFile, 1)
