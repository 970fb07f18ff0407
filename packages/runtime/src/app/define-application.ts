import { checkPlan, type Plan } from '@millrace/core'
import { type KafkaStreamsOptions, resolveOptions } from '../config/options.ts'

/** Two copies of this package know each other's applications. */
const APPLICATION = Symbol.for('millrace.application')

/** A topology with its options, as a module exports it for `KafkaStreams.load` and `millrace run`. */
export interface Application {
  readonly plan: Plan
  readonly options: KafkaStreamsOptions
}

/**
 * Makes what a module exports so that threads can run it. The module is imported in each thread, so it must start nothing.
 *
 * @throws MILLRACE_ARGUMENT_INVALID, MILLRACE_CONFIG_INVALID
 * @example
 * export default defineApplication(builder.build(), { applicationId: 'word-count', client: kafka({ brokers }), threads: 4 })
 */
export function defineApplication(plan: Plan, options: KafkaStreamsOptions): Application {
  checkPlan('defineApplication', plan)
  resolveOptions(options)
  return Object.freeze({ plan, options, [APPLICATION]: true })
}

export function isApplication(value: unknown): value is Application {
  return typeof value === 'object' && value !== null && APPLICATION in value
}
