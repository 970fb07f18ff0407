/**
 * What to do with a record that cannot be decoded, processed or produced: stop the application (`fail`); count it, log it and
 * continue (`continue`); or write it to a dead-letter topic and continue.
 */
export type BadRecordPolicy = 'fail' | 'continue' | { readonly deadLetterTopic: string }
