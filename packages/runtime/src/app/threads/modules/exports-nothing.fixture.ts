import { plan } from './plain.fixture.ts'

export const topology = plan()
