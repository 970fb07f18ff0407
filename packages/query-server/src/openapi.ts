import type { ErrorCode } from '@millrace/core'
import { STATUS } from './http-failure.ts'
import { type Route, ROUTES } from './routes.ts'

/** The OpenAPI 3.1 description of the server, made from the table of routes. */
export function openApi(): object {
  const paths = Object.entries(ROUTES).map(([name, route]) => [route.path, { get: operationOf(name, route) }] as const)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace query server',
      version: '1',
      description: 'Reads the stores of an application. Any instance answers for all of them.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message', 'hint'],
              properties: { code: { type: 'string' }, message: { type: 'string' }, hint: { type: 'string' } },
            },
          },
        },
      },
    },
  }
}

function operationOf(operationId: string, route: Route): object {
  const { summary, parameters, answer, open, stream, errors } = route
  const content =
    answer === undefined
      ? { [stream === true ? 'text/event-stream' : 'text/plain']: { schema: { type: 'string' } } }
      : { 'application/json': { schema: answer } }
  return {
    operationId,
    summary,
    ...(open === true && { security: [] }),
    parameters: Object.entries(parameters).map(([name, parameter]) => ({
      name,
      ...parameter,
      ...(parameter.in === 'path' && { required: true }),
    })),
    responses: {
      200: { description: 'The answer.', content },
      ...('route' in parameters &&
        stream !== true && { 307: { description: 'Another instance has the key: see Location.' } }),
      ...(open === true && { 503: { description: 'Not yet, or no longer.' } }),
      ...failuresOf(errors),
    },
  }
}

/** By status, since several errors have the same. */
function failuresOf(errors: readonly ErrorCode[]): Readonly<Record<number, object>> {
  const byStatus = Map.groupBy(errors, code => STATUS[code as keyof typeof STATUS])
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.join(', '),
        ...(status === 503 && { headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } } }),
        content,
      },
    ]),
  )
}
