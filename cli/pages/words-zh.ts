import { english } from './words-en.ts'
export const chinese: typeof english = { ...english, lang: 'zh-CN' }
