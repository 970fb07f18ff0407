/** An answer of the registry that is not a success, in the form of Confluent's REST API. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  /** Of HTTP. */
  readonly status: number
  /** The registry's own code, whose first three digits are mostly the status. */
  readonly errorCode: number

  constructor(errorCode: number, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.errorCode = errorCode
    this.status = errorCode < 1_000 ? errorCode : Math.floor(errorCode / 100)
  }
}

export const subjectNotFound = (subject: string) => new RegistryError(40401, `Subject '${subject}' not found.`)
export const versionNotFound = (version: number) => new RegistryError(40402, `Version ${version} not found.`)
export const schemaNotFound = (what?: string | number) =>
  new RegistryError(40403, what === undefined ? 'Schema not found' : `Schema ${what} not found`)
export const invalidSchema = (reason: string, cause?: unknown) => new RegistryError(42201, reason, { cause })
export const notPermitted = (reason: string) => new RegistryError(42205, reason)
export const referenceExists = (subject: string, version: number) =>
  new RegistryError(
    42206,
    `One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=${subject},version=${version}}.`,
  )
