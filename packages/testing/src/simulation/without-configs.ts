import { type ClientContext, type KafkaClient, millraceError } from '@millrace/core'
import { withMethod } from './with-method.ts'

/** The client of somebody who may not see the settings of topics: that a record is too large is known when a broker refuses it. */
export function withoutConfigs<Client extends KafkaClient>(
  factory: (context: ClientContext) => Client,
): (context: ClientContext) => Client {
  const refused = async (): Promise<never> => {
    const fields = {
      operation: 'Describing',
      principal: 'nobody',
      right: 'DescribeConfigs',
      resource: 'the topics',
      reason: 'refused',
    }
    throw millraceError('MILLRACE_CLIENT_NOT_AUTHORIZED', fields)
  }
  return context => {
    const client = factory(context)
    return withMethod(client, 'admin', () => withMethod(client.admin(), 'describeTopicConfigs', refused))
  }
}
