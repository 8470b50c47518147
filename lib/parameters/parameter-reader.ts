import { GetParametersCommand } from '@aws-sdk/client-ssm'
import type { ParameterReader } from '../ports.ts'
import { parameterStoreClient } from './client.ts'

/** Reads the SecureString parameters of AWS Systems Manager, decrypted. @param requestTimeoutMs - of one try; there are two. */
// Imported by lib/surroundings.ts when it is needed, which the check for unused exports does not see.
// ts-unused-exports:disable-next-line
export function parameterReader(requestTimeoutMs: number): ParameterReader {
  const client = parameterStoreClient(requestTimeoutMs)
  return {
    async valuesOf(names) {
      const { Parameters = [] } = await client.send(
        new GetParametersCommand({ Names: [...names], WithDecryption: true }),
      )
      return new Map(Parameters.map(({ Name = '', Value = '' }) => [Name, Value]))
    },
  }
}
