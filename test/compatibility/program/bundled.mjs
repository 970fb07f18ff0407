// A bundle in CommonJS has no top-level await.
import { smoke } from './smoke.mjs'

void smoke().then(() => console.log('works'))
