export { kafkajs, type KafkajsConnection, type KafkajsInstance, type KafkajsOptions } from '@millrace/client-kafkajs'
