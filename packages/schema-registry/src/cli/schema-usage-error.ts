/** What is wrong with a command line, for the person who wrote it. */
export class SchemaUsageError extends Error {}
