import { customStore, int, type StateStore, type StateStoreContext, string } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { stateStoreConformance, stateStoreHarness } from './state-store-conformance.ts'

/** Words in a tree of their letters, with how often each was said. */
interface Node {
  count: number
  readonly next: Map<string, Node>
}

interface Trie extends StateStore<string, number> {
  say(word: string): void
  forget(word: string): void
  startingWith(prefix: string): readonly string[]
}

/** `breaks`: what it leaves out, so that the suite has something to find. */
function trie({ entries }: StateStoreContext<string, number>, breaks?: 'restoring' | 'deleting' | 'flushing'): Trie {
  const root: Node = { count: 0, next: new Map() }
  const unwritten = new Map<string, number | null>()

  function nodeOf(word: string): Node {
    let node = root
    for (const letter of word) {
      let below = node.next.get(letter)
      if (below === undefined) {
        below = { count: 0, next: new Map() }
        node.next.set(letter, below)
      }
      node = below
    }
    return node
  }

  function* walk(node: Node, word: string): Iterable<string> {
    if (node.count > 0) yield `${word} ${node.count}`
    for (const letter of [...node.next.keys()].sort()) yield* walk(node.next.get(letter)!, word + letter)
  }

  return {
    async restore(committed) {
      for await (const [word, count] of committed) nodeOf(word).count = breaks === 'restoring' ? 1 : count
    },
    // Some words are said over and over: they are written once for each commit.
    flush() {
      if (breaks === 'flushing') return
      for (const [word, count] of unwritten) entries.put(word, count)
      unwritten.clear()
    },
    say: word => void unwritten.set(word, ++nodeOf(word).count),
    forget(word) {
      nodeOf(word).count = 0
      if (breaks === 'deleting') unwritten.delete(word)
      else unwritten.set(word, null)
    },
    startingWith: prefix => [...walk(nodeOf(prefix), prefix)],
  }
}

const words = (breaks?: Parameters<typeof trie>[1], logging = true) =>
  stateStoreHarness({
    builder: customStore({
      name: 'words',
      key: string(),
      value: int(),
      logging,
      open: (context: StateStoreContext<string, number>) => trie(context, breaks),
    }),
    steps: [
      store => store.say('mill'),
      store => store.say('race'),
      store => store.say('milling'),
      store => store.say('mill'),
      store => store.forget('race'),
      store => store.say('mile'),
      store => store.forget('mill'),
      store => store.say('mill'),
    ],
    look: store => store.startingWith('mi'),
  })

describe.each([true, false])('a trie whose entries are written late, with a changelog: %s', logging => {
  it.each(stateStoreConformance())('$name', async ({ run }) => {
    await expect(run(words(undefined, logging))).resolves.toBeUndefined()
  })
})

it.each(['restoring', 'deleting', 'flushing'] as const)('finds a store that is wrong in %s', async breaks => {
  const verdicts = await Promise.allSettled(stateStoreConformance().map(({ run }) => run(words(breaks))))
  expect(verdicts.filter(({ status }) => status === 'rejected')).not.toEqual([])
})
