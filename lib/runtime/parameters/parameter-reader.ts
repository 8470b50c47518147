import { GetParametersCommand, type SSMClient } from '@aws-sdk/client-ssm'
import type { ParameterReader } from '../ports.ts'
import { parameterStoreClient } from './client.ts'

/** Reads parameters of AWS Systems Manager, decrypted if they are secret. Its client is created at the first read. */
export function parameterReader(): ParameterReader {
  let client: SSMClient | undefined
  return {
    async valuesOf(names, signal) {
      const command = new GetParametersCommand({ Names: [...names], WithDecryption: true })
      client ??= parameterStoreClient()
      const { Parameters = [] } = await client.send(command, { abortSignal: signal })
      return new Map(Parameters.map(({ Name = '', Value = '' }) => [Name, Value]))
    },
  }
}
