import type { ApiEntry, ApiMember, ApiText } from './read-api.ts'

/** What a page's generated parts are made from. */
export interface Sources {
  readonly api: ReadonlyMap<string, ApiEntry>
  /** Text of the scenario file of that name. */
  readonly scenarioText: (name: string) => string
  readonly timeline: (name: string) => Promise<string>
  /** The other pages: file name and title. */
  readonly pages: readonly (readonly [file: string, title: string])[]
}

/** A part of a page that is generated: `<!-- what: arguments -->`, the part, `<!-- /what -->`. */
const PART = /^<!-- (api|members|scenario|pages):? ?(.*?) -->\n(?:[^]*?\n)??<!-- \/\1 -->$/gm

/** The page with its generated parts recreated; what people have written between them stays. */
export async function renderPage(markdown: string, sources: Sources): Promise<string> {
  let rendered = ''
  let from = 0
  for (const match of markdown.matchAll(PART)) {
    const [all, what, given] = match as unknown as [string, PartKind, string]
    const opening = all.slice(0, all.indexOf('\n'))
    const content = await PARTS[what](given.split(' '), sources)
    rendered += `${markdown.slice(from, match.index)}${opening}\n\n${content}\n\n<!-- /${what} -->`
    from = match.index + all.length
  }
  return rendered + markdown.slice(from)
}

/** What the generated parts of that kind are about, over the whole page. */
export function partsOf(markdown: string, kind: PartKind): string[] {
  return [...markdown.matchAll(PART)].filter(([, what]) => what === kind).flatMap(([, , given]) => given!.split(' '))
}

type PartKind = 'api' | 'members' | 'scenario' | 'pages'

const PARTS: Readonly<Record<PartKind, (names: readonly string[], sources: Sources) => string | Promise<string>>> = {
  api: (names, { api }) => names.map(name => signaturesOf(entry(name, api))).join('\n\n'),
  members: (names, { api }) => names.map(name => membersTable(entry(name, api), api)).join('\n\n'),
  async scenario([name], sources) {
    const picture = await sources.timeline(name!)
    return `\`\`\`ts\n${programOf(sources.scenarioText(name!))}\n\`\`\`\n\n\`\`\`text\n${picture}\n\`\`\``
  },
  pages: (_names, { pages }) => pages.map(([file, title]) => `- [${title}](${file})`).join('\n'),
}

/** With a word in brackets, `KStream.join(GlobalKTable)`: of several overloads those that mention it. */
function entry(asked: string, api: ReadonlyMap<string, ApiEntry>): ApiEntry {
  const [name, word = ''] = asked.split(/[()]/) as [string, string?]
  const found = api.get(name)
  const signatures = callable(found?.signatures ?? []).filter(({ text }) => new RegExp(`\\b${word}\\b`).test(text))
  if (found === undefined || (word !== '' && signatures.length === 0))
    throw new Error(`There is no "${asked}" in the sources any more.`)
  return { ...found, signatures }
}

function signaturesOf({ name, kind, signatures }: ApiEntry): string {
  const receiver = kind === 'method' ? `${name.slice(0, name.indexOf('.'))}.` : ''
  const shown = signatures.map(({ doc, text }) => {
    const comment = doc === '' ? '' : `${lines(doc).join('\n')}\n`
    return comment + receiver + text.replace(/^export /, '')
  })
  return `\`\`\`ts\n${shown.join('\n')}\n\`\`\``
}

/** Leaves out signatures that only carry the text of a type error. Their comment is that of the next. */
function callable(signatures: readonly ApiText[]): readonly ApiText[] {
  const isError = ({ text }: ApiText) => /\(\s*(this: |other: Other & )TopologyError</.test(text)
  return signatures
    .map((each, n) =>
      n > 0 && isError(signatures[n - 1]!) ? { ...each, doc: each.doc || signatures[n - 1]!.doc } : each,
    )
    .filter(each => !isError(each))
}

/** A comment's sentences, at most 100 characters a line. */
function lines(doc: string): string[] {
  return doc.split('\n').flatMap(paragraph =>
    paragraph.split(' ').reduce<string[]>((all, word) => {
      const last = all.at(-1)
      if (last === undefined || last.length + word.length > 100) all.push(`// ${word}`)
      else all[all.length - 1] = `${last} ${word}`
      return all
    }, []),
  )
}

function membersTable(of: ApiEntry, api: ReadonlyMap<string, ApiEntry>): string {
  const rows = allMembers(of, api).map(({ name, text, doc }) => {
    const isMethod = /^\w+\??[(<]/.test(text)
    const type = text.replace(/^readonly /, '').replace(isMethod ? /^$/ : /^\w+\??: /, '')
    const needed = isMethod || !text.includes('?:') ? name : `${name}?`
    return `| \`${needed}\` | ${code(type)} | ${cell(doc)} |`
  })
  return [`**\`${of.name}\`**`, '', '| name | type | meaning |', '|---|---|---|', ...rows].join('\n')
}

/** Inherited ones come last. */
function allMembers(of: ApiEntry, api: ReadonlyMap<string, ApiEntry>): ApiMember[] {
  const inherited = of.bases.flatMap(base => (api.has(base) ? allMembers(api.get(base)!, api) : []))
  return [...of.members, ...inherited.filter(({ name }) => !of.members.some(own => own.name === name))]
}

function code(type: string): string {
  return `\`${type.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')}\``
}

function cell(doc: string): string {
  return doc
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .replaceAll(/@default ([^@]+)$/g, '(Default: $1)')
    .replaceAll(/@throws (\w+)/g, '(Throws `$1`)')
}

/** The scenario's file less what only the picture needs. */
function programOf(scenario: string): string {
  return scenario
    .slice(0, scenario.indexOf('export const input'))
    .replace(/^import type \{ Input \}.*\n/m, '')
    .trim()
}
