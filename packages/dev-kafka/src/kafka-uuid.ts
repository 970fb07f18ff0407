import { randomBytes } from 'node:crypto'

/** A Kafka UUID: 16 bytes in URL-safe base64. Kafka itself avoids a leading dash, which reads as an option. */
export function kafkaUuid(): string {
  const uuid = randomBytes(16).toString('base64url')
  return uuid.startsWith('-') ? kafkaUuid() : uuid
}
