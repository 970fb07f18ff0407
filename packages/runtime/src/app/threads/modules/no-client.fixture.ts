import { defineApplication } from '../../../index.ts'
import { options, plan } from './plain.fixture.ts'

export const application = defineApplication(plan(), options)
