import { threadId } from 'node:worker_threads'
import { defineApplication } from '../../../index.ts'
import { options, plan } from './plain.fixture.ts'

export const application = defineApplication(plan(`in-${threadId}`), options)
