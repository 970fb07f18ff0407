import { CONSOLE_ROUTES, type ConsoleRoute } from './routes.ts'

/** The OpenAPI 3.1 description of what the page asks for, made from the table of routes. */
export function consoleOpenApi(): object {
  const error = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  const paths = Object.entries<ConsoleRoute>(CONSOLE_ROUTES).map(([operationId, route]) => {
    const { method, path, summary, query, body, contentType, open } = route
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }))
    const inQuery = Object.entries(query).map(([name, { description, ...range }]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'integer', ...range },
    }))
    const schema = contentType === 'application/json' ? { type: 'object' } : { type: 'string' }
    const operation = {
      operationId,
      summary,
      ...(open === true && { security: [] }),
      parameters: [...inPath, ...inQuery],
      ...(body !== undefined && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
      responses: {
        200: { description: 'The answer.', content: { [contentType]: { schema } } },
        '4XX': { description: 'A mistake of the request.', content: error },
        '5XX': { description: 'Kafka or the application does not answer.', content: error },
      },
    }
    return [path, { [method.toLowerCase()]: operation }] as const
  })
  const text = { type: 'string' }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace console',
      version: '1',
      description: 'What the page of the console asks for. It is made for the page and may change with it.',
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
          properties: { error: { type: 'object', properties: { code: text, message: text, hint: text } } },
        },
      },
    },
  }
}
