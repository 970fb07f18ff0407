const { KafkaStreams } = require('millrace')

if (typeof KafkaStreams !== 'function') throw new Error('require gave no KafkaStreams')
void import('./smoke.mjs').then(({ smoke }) => smoke()).then(() => console.log('works'))
