import type * as Kafkajs from 'kafkajs'

/** kafkajs; undefined where it is not installed. */
export declare const kafkajs: typeof Kafkajs | undefined
/** What loading it threw. */
export declare const failure: unknown
