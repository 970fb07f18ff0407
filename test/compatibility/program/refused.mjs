// Where the binding of RocksDB would end the process, opening a store has to be refused.
import { consoleLogger, rocksdb } from 'millrace'

try {
  await rocksdb().open({ directory: 'state', stores: ['s'], logger: consoleLogger('error') })
  console.log('opened')
} catch (error) {
  console.log(`refused: ${error.code}`)
}
