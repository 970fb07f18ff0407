/** The bindings that are compared, each behind the same few functions. None of them ships types that are worth having here. */

const rocksdbNative = {
  name: 'rocksdb-native',
  async open(load, directory) {
    const RocksDB = load('rocksdb-native')
    const db = new RocksDB(directory)
    await db.ready()
    return {
      name: this.name,
      async putMany(keys, values) {
        const batch = db.write({ capacity: keys.length, autoDestroy: true })
        keys.forEach((key, index) => batch.tryPut(key, values[index]))
        await batch.flush()
      },
      get: key => db.get(key),
      async getMany(keys) {
        const batch = db.read({ capacity: keys.length, autoDestroy: true })
        const found = keys.map(key => batch.get(key))
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
const rocksdb = {
  name: 'rocksdb',
  async open(load, directory) {
    const { promisify } = await import('node:util')
    const db = load('rocksdb')(directory)
    await promisify(db.open.bind(db))({})
    const [batch, get, getMany] = [db.batch, db.get, db.getMany].map(method => promisify(method.bind(db)))
    return {
      name: this.name,
      putMany: (keys, values) => batch(keys.map((key, index) => ({ type: 'put', key, value: values[index] }))),
      get: key => get(key),
      getMany: keys => getMany(keys),
      async iterate(limit) {
        const iterator = db.iterator({ limit })
        let count = 0
        await new Promise((done, failed) => {
          const step = (error, key) => {
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
      close: promisify(db.close.bind(db)),
    }
  },
}

function abstractLevel(name, construct) {
  return {
    name,
    async open(load, directory) {
      const db = construct(load, directory)
      await db.open()
      return {
        name,
        putMany: (keys, values) => db.batch(keys.map((key, index) => ({ type: 'put', key, value: values[index] }))),
        get: key => db.get(key),
        getMany: keys => db.getMany(keys),
        ...syncGetOf(db),
        async iterate(limit) {
          const iterator = db.iterator({ limit })
          let count = 0
          for (let chunk = await iterator.nextv(1000); chunk.length > 0; chunk = await iterator.nextv(1000))
            count += chunk.length
          await iterator.close()
          return count
        },
        close: () => db.close(),
      }
    },
  }
}

function syncGetOf(db) {
  if (typeof db.getSync === 'function') return { getSync: key => db.getSync(key) }
  // Semi-private in @nxtedition/rocksdb, which has no other sync read.
  const getManySync = db['_getManySync']?.bind(db)
  return getManySync && { getSync: key => getManySync([key], { valueEncoding: 'buffer' })[0] }
}

const BYTES = { keyEncoding: 'buffer', valueEncoding: 'buffer' }

const lmdb = {
  name: 'lmdb',
  async open(load, directory) {
    const { open } = load('lmdb')
    const db = open({ path: directory, encoding: 'binary', keyEncoding: 'binary', noSync: true })
    return {
      name: this.name,
      putMany: (keys, values) => db.transaction(() => keys.forEach((key, index) => void db.put(key, values[index]))),
      get: async key => db.get(key),
      getMany: keys => db.getMany(keys),
      getSync: key => db.get(key),
      async iterate(limit) {
        let count = 0
        for (const _ of db.getRange({ limit })) count++
        return count
      },
      close: () => db.close(),
    }
  },
}

export const candidates = [
  rocksdbNative,
  abstractLevel('@nxtedition/rocksdb', (load, directory) => {
    const exported = load('@nxtedition/rocksdb')
    const Level = exported.RocksLevel ?? exported
    return new Level(directory, BYTES)
  }),
  rocksdb,
  lmdb,
  abstractLevel('classic-level', (load, directory) => new (load('classic-level').ClassicLevel)(directory, BYTES)),
]
