/* global document, NodeFilter */
// Run in the page: where it scrolls sideways, and which texts lie on each other.
;(() => {
  const root = document.documentElement
  const faults = []
  if (root.scrollWidth > root.clientWidth) faults.push(`the page is ${root.scrollWidth} pixels wide`)
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const boxes = []
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent.trim()
    const element = node.parentElement
    const isHidden = element.closest('svg, select, details:not([open]) > :not(summary), .skip') !== null
    if (text === '' || isHidden) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const rect of range.getClientRects()) {
      if (rect.width > 1 && rect.height > 1) boxes.push({ text, element, rect })
    }
  }
  for (const [place, one] of boxes.entries()) {
    for (const other of boxes.slice(place + 1)) {
      // What scrolls in a box of its own lies beyond its edge.
      if (one.element.closest('.scroll') !== other.element.closest('.scroll')) continue
      const width = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left)
      const height = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top)
      if (width > 2 && height > 6) {
        faults.push(`'${one.text.slice(0, 40)}' lies on '${other.text.slice(0, 40)}'`)
      }
    }
  }
  return faults.slice(0, 5)
})()
