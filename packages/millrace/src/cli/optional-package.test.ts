import { expect, it } from 'vitest'
import { optionalPackage } from './optional-package.ts'

it('says what to install where a package is missing', async () => {
  const name = '@millrace/not-installed'
  await expect(optionalPackage(name, () => import(name))).rejects.toMatchObject({
    code: 'MILLRACE_PACKAGE_MISSING',
    message: expect.stringContaining('npm install @millrace/not-installed') as string,
  })
})

it('leaves the error of a package that is there and fails', async () => {
  const failure = new Error('the package is broken')
  await expect(optionalPackage('broken', () => Promise.reject(failure))).rejects.toBe(failure)
})
