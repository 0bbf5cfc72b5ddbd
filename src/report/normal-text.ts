// Texts as they are compared: in Unicode's NFC.

/**
 * Below these NFC leaves every text as it is (NFC_Quick_Check,
 * https://www.unicode.org/reports/tr15/#Detecting_Normalization_Forms).
 */
const BEYOND_PLAIN = /[\u0300-\uffff]/;
/**
 * More marks in a row than any language writes: the bound of the Stream-Safe Text Format
 * (https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format). They are put in order one by
 * one, so that 300 KB of them take minutes.
 */
const TOO_MANY_MARKS = /\p{M}{31}/u;

/**
 * Unicode's NFC, in which texts that look the same are the same: `é` as one character, and as a
 * letter and its accent (https://www.unicode.org/reports/tr15/). It is for comparing; what is shown
 * and kept of a report are its own bytes. What is no text of any language stays as it is, so that
 * the time grows with the length alone.
 */
export function normalizeText(text: string): string {
  return BEYOND_PLAIN.test(text) && !TOO_MANY_MARKS.test(text) ? text.normalize("NFC") : text;
}
