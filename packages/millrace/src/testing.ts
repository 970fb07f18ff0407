export * from '@millrace/testing'
