export interface KnownFailure {
  /** Of titles such as `draft 7 ref.json: GROUP: TEST`. */
  readonly matches: RegExp
  readonly reason: string
}

/** What the official suite expects, and ajv does otherwise. */
export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    matches:
      / (?:optional\/)?dynamicRef\.json: |with \$dynamicRef: | recursiveRef\.json: \$recursiveRef with no \$recursiveAnchor/,
    reason: 'ajv looks for dynamic anchors in the schema itself, and not in all schemas that led to it',
  },
  {
    matches: / ref\.json: (?:relative refs with absolute uris|refs with relative uris|URN ref with nested pointer)/,
    reason: 'ajv does not end when an inner schema with an id refers to itself by this id; the schema is refused',
  },
  {
    matches: / ref\.json: (?:ref overrides any sibling|\$ref prevents a sibling)/,
    reason: 'up to draft 7, keywords beside $ref do not count; ajv counts them',
  },
  {
    matches: / unevaluated(?:Items|Properties)\.json: /,
    reason: 'ajv does not count what "if" without "then", or "contains", has evaluated',
  },
  { matches: / enum\.json: empty enum/, reason: 'ajv refuses an enum without values' },
  { matches: /__proto__ not valid/, reason: 'ajv ignores the property "__proto__" for safety' },
  { matches: / vocabulary\.json: /, reason: 'ajv knows no vocabularies' },
  {
    matches: / optional\/format\/(?:idn-|iri)/,
    reason: 'international host names, addresses and identifiers are not checked',
  },
  {
    matches: / optional\/format\/|optional\/format-assertion\.json/,
    reason: 'formats are checked by patterns, which take more or less than the standards in rare cases',
  },
  { matches: / optional\/content\.json/, reason: 'the content of texts is not checked' },
  { matches: / optional\/cross-draft\.json/, reason: 'a schema and its references have the same draft' },
  { matches: / optional\/unknownKeyword\.json/, reason: 'ajv finds ids in keywords that it does not know' },
  {
    matches: / optional\/(?:float-overflow|zeroTerminatedFloats|ecmascript-regex)\.json/,
    reason: 'numbers and regular expressions are those of JavaScript',
  },
]

/** How many tests of the suite that is kept here pass: a reason above must not hide a new failure. Also in docs/schemas.md. */
export const PASSES = {
  4: { required: 614, formats: 212, optional: 98 },
  6: { required: 835, formats: 309, optional: 102 },
  7: { required: 923, formats: 572, optional: 108 },
  '2019-09': { required: 1_235, formats: 650, optional: 151 },
  '2020-12': { required: 1_241, formats: 652, optional: 152 },
} as const
