export { kafkajs, type KafkajsConnection, type KafkajsInstance, type KafkajsOptions } from './kafkajs.ts'
