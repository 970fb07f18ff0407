export { kafka, type KafkaOptions } from './kafka.ts'
export type { OauthToken, SaslOauth, SaslOptions, SaslPassword } from './net/security.ts'
