import { parseSync } from 'oxc-parser'

/** A method, function or type as its source shows it, without bodies. */
export interface ApiEntry {
  /** `KStream.filter`, `tumbling`, `NameOption`. */
  readonly name: string
  readonly kind: 'method' | 'function' | 'type' | 'interface'
  /** One for each overload, with the comment above it where there is one. */
  readonly signatures: readonly ApiText[]
  /** Of an interface: its own members by name, and the names of what it extends. */
  readonly members: readonly ApiMember[]
  readonly bases: readonly string[]
}

export interface ApiText {
  readonly doc: string
  readonly text: string
}

export interface ApiMember extends ApiText {
  readonly name: string
}

type Parsed = ReturnType<typeof parseSync>
type Statement = Parsed['program']['body'][number]

/** What a file exports of public classes, functions and interfaces. */
export function readApi(fileName: string, source: string): ApiEntry[] {
  const { program, comments } = parseSync(fileName, source)
  const textOf = ({ start, end }: Span) => dedent(source.slice(start, end))
  const docOf = ({ start }: Span) => {
    const comment = comments.find(each => each.end <= start && source.slice(each.end, start).trim() === '')
    return comment?.type === 'Block' ? plainComment(comment.value) : ''
  }
  const signature = (node: Span, body: Span | null | undefined, commented = node): ApiText => ({
    doc: docOf(commented),
    text: textOf({ start: node.start, end: body?.start ?? node.end })
      .replace(/;$/, '')
      .trim(),
  })

  const entries = new Map<string, ApiEntry>()
  const add = (entry: ApiEntry, isOverload: boolean) => {
    const before = entries.get(entry.name)
    // The implementation of overloads is nobody's business but its own.
    if (before !== undefined && !isOverload) return
    entries.set(entry.name, { ...entry, signatures: [...(before?.signatures ?? []), ...entry.signatures] })
  }
  for (const statement of program.body) {
    const node = exported(statement)
    if (node?.type === 'ClassDeclaration') {
      for (const member of node.body.body) {
        if (member.type !== 'MethodDefinition' || member.key.type !== 'Identifier' || member.kind === 'constructor')
          continue
        const signatures = [signature(member, member.value.body)]
        const name = `${node.id!.name}.${member.key.name}`
        add({ name, kind: 'method', signatures, members: [], bases: [] }, member.value.body === null)
      }
    } else if (node?.type === 'FunctionDeclaration') {
      const signatures = [signature(node, node.body, statement)]
      add({ name: node.id!.name, kind: 'function', signatures, members: [], bases: [] }, false)
    } else if (node?.type === 'TSTypeAliasDeclaration') {
      const signatures = [signature(node, undefined, statement)]
      add({ name: node.id.name, kind: 'type', signatures, members: [], bases: [] }, false)
    } else if (node?.type === 'TSInterfaceDeclaration') {
      const members = node.body.body.flatMap(member =>
        (member.type === 'TSPropertySignature' || member.type === 'TSMethodSignature') &&
        member.key.type === 'Identifier'
          ? [{ name: member.key.name, ...signature(member, undefined) }]
          : [],
      )
      const bases = node.extends.map(base => source.slice(base.expression.start, base.expression.end))
      add({ name: node.id.name, kind: 'interface', signatures: [], members, bases }, false)
    }
  }
  return [...entries.values()]
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Interfaces count in any case: exported ones extend others. */
function exported(statement: Statement) {
  if (statement.type === 'ExportNamedDeclaration') return statement.declaration
  return statement.type === 'TSInterfaceDeclaration' ? statement : undefined
}

/** What stands in a comment, one paragraph on one line, without its example: each page has one that runs. */
function plainComment(comment: string): string {
  return comment
    .split('\n')
    .map(line => line.replace(/^\s*\*+ ?/, '').trim())
    .join('\n')
    .replace(/@example[^]*?(?=\n@|$)/, '')
    .trim()
    .replaceAll(/\n(?!\n|@)/g, ' ')
    .replaceAll(/\n+/g, '\n')
}

/** Takes the indentation of the last line from all but the first. */
function dedent(text: string): string {
  const indent = /\n( *)\S[^\n]*$/.exec(text)?.[1] ?? ''
  return text.replaceAll(`\n${indent}`, '\n')
}
