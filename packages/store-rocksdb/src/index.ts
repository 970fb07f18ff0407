export { rocksdb, type RocksdbOptions } from './rocksdb-backend.ts'
