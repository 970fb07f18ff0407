/** Of kafkajs 2.2.4, whose types leave it out. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  const RequestQueue: unknown
  export default RequestQueue
}
