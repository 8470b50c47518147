import { GetParametersCommand, PutParameterCommand } from '@aws-sdk/client-ssm'
import type { ParameterWriter } from '../ports.ts'
import { parameterStoreClient } from './client.ts'

/** What an operator does with the parameters of AWS Systems Manager: it writes them, and looks at all but their values. */
export function parameterWriter(requestTimeoutMs: number): ParameterWriter & { readonly close: () => void } {
  const client = parameterStoreClient(requestTimeoutMs)
  return {
    async put({ name, value, isSecret, description }) {
      const command = new PutParameterCommand({
        Name: name,
        Value: value,
        Description: description,
        Type: isSecret ? 'SecureString' : 'String',
        Overwrite: true,
      })
      await client.send(command)
    },
    async found(names) {
      const { Parameters = [] } = await client.send(
        new GetParametersCommand({ Names: [...names], WithDecryption: false }),
      )
      return new Map(
        Parameters.map(({ Name = '', Type, Version = 0, LastModifiedDate }) => [
          Name,
          {
            isSecret: Type === 'SecureString',
            version: Version,
            ...(LastModifiedDate && { changedAtMs: LastModifiedDate.getTime() }),
          },
        ]),
      )
    },
    close() {
      client.destroy()
    },
  }
}
