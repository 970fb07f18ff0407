import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Packages are tested from their sources: no build comes between an edit and its test.
  resolve: { conditions: ['millrace-source'] },
  ssr: { resolve: { conditions: ['millrace-source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
  },
})
