export { forgetPerson, type ForgetOptions, type Forgotten } from './forget-person.ts'
export { masterKey, type KeyContext, type MasterKey } from './master-key.ts'
export {
  FORGOTTEN,
  personalData,
  type PersonalData,
  type PersonalDataOptions,
  type PersonalFields,
} from './personal-data.ts'
export type { FieldOf } from './field-of.ts'
