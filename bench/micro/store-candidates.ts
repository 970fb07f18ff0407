/** The bindings that are compared, each behind the same few functions. None of them ships types that are worth having here. */

export interface OpenCandidate {
  readonly name: string
  putMany(keys: readonly Buffer[], values: readonly Buffer[]): Promise<void>
  get(key: Buffer): Promise<Uint8Array | undefined>
  getMany(keys: readonly Buffer[]): Promise<readonly (Uint8Array | null | undefined)[]>
  readonly getSync?: (key: Buffer) => Uint8Array | undefined
  /** Reads the first `limit` entries and counts them. */
  iterate(limit: number): Promise<number>
  close(): Promise<void>
}

export interface Candidate {
  readonly name: string
  open(load: NodeJS.Require, directory: string): Promise<OpenCandidate>
}

type Loose = any

const rocksdbNative: Candidate = {
  name: 'rocksdb-native',
  async open(load, directory) {
    const RocksDB: Loose = load('rocksdb-native')
    const db = new RocksDB(directory)
    await db.ready()
    return {
      name: this.name,
      async putMany(keys, values) {
        const batch = db.write({ capacity: keys.length, autoDestroy: true })
        keys.forEach((key, index) => batch.tryPut(key, values[index]))
        await batch.flush()
      },
      get: (key) => db.get(key),
      async getMany(keys) {
        const batch = db.read({ capacity: keys.length, autoDestroy: true })
        const found = keys.map((key) => batch.get(key))
        batch.tryFlush()
        return Promise.all(found)
      },
      async iterate(limit) {
        let count = 0
        for await (const _ of db.iterator({ gte: Buffer.alloc(1) }, { limit, capacity: 256 })) count++
        return count
      },
      close: () => db.close(),
    }
  },
}

/** abstract-leveldown and abstract-level differ in little: callbacks here, promises there. */
const rocksdb: Candidate = {
  name: 'rocksdb',
  async open(load, directory) {
    const { promisify } = await import('node:util')
    const db: Loose = load('rocksdb')(directory)
    await promisify(db.open.bind(db))({})
    const [batch, get, getMany] = [db.batch, db.get, db.getMany].map((method: Loose) => promisify(method.bind(db)) as Loose)
    return {
      name: this.name,
      putMany: (keys, values) => batch(keys.map((key, index) => ({ type: 'put', key, value: values[index] }))),
      get: (key) => get(key),
      getMany: (keys) => getMany(keys),
      async iterate(limit) {
        const iterator = db.iterator({ limit })
        let count = 0
        await new Promise<void>((done, failed) => {
          const step = (error: unknown, key: unknown): void => {
            if (error) return failed(error)
            if (key === undefined) return done()
            count++
            iterator.next(step)
          }
          iterator.next(step)
        })
        await promisify(iterator.end.bind(iterator))()
        return count
      },
      close: promisify(db.close.bind(db)) as () => Promise<void>,
    }
  },
}

function abstractLevel(name: string, construct: (load: NodeJS.Require, directory: string) => Loose): Candidate {
  return {
    name,
    async open(load, directory) {
      const db = construct(load, directory)
      await db.open()
      return {
        name,
        putMany: (keys, values) => db.batch(keys.map((key, index) => ({ type: 'put', key, value: values[index] }))),
        get: (key) => db.get(key),
        getMany: (keys) => db.getMany(keys),
        ...(syncGetOf(db) ?? {}),
        async iterate(limit) {
          const iterator = db.iterator({ limit })
          let count = 0
          for (let chunk = await iterator.nextv(1000); chunk.length > 0; chunk = await iterator.nextv(1000)) count += chunk.length
          await iterator.close()
          return count
        },
        close: () => db.close(),
      }
    },
  }
}

function syncGetOf(db: Loose): Pick<OpenCandidate, 'getSync'> | undefined {
  if (typeof db.getSync === 'function') return { getSync: (key) => db.getSync(key) }
  // Semi-private in @nxtedition/rocksdb.
  if (typeof db._getManySync === 'function') return { getSync: (key) => db._getManySync([key], { valueEncoding: 'buffer' })[0] }
  return undefined
}

const BYTES = { keyEncoding: 'buffer', valueEncoding: 'buffer' }

const lmdb: Candidate = {
  name: 'lmdb',
  async open(load, directory) {
    const { open }: Loose = load('lmdb')
    const db = open({ path: directory, encoding: 'binary', keyEncoding: 'binary', noSync: true })
    return {
      name: this.name,
      putMany: (keys, values) => db.transaction(() => keys.forEach((key, index) => void db.put(key, values[index]))),
      get: async (key) => db.get(key),
      getMany: (keys) => db.getMany(keys),
      getSync: (key) => db.get(key),
      async iterate(limit) {
        let count = 0
        for (const _ of db.getRange({ limit })) count++
        return count
      },
      close: () => db.close(),
    }
  },
}

export const candidates: readonly Candidate[] = [
  rocksdbNative,
  abstractLevel('@nxtedition/rocksdb', (load, directory) => {
    const exported = load('@nxtedition/rocksdb')
    const Level: Loose = exported.RocksLevel ?? exported
    return new Level(directory, BYTES)
  }),
  rocksdb,
  lmdb,
  abstractLevel('classic-level', (load, directory) => new (load('classic-level') as Loose).ClassicLevel(directory, BYTES)),
]
