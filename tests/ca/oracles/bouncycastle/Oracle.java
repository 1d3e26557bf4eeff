import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.util.Arrays;
import org.bouncycastle.util.encoders.Hex;

/**
 * Answers, by Bouncy Castle, whether what a CA made is right.
 *
 * <p>A question is one line: a word, then arguments in hexadecimal or plain, separated by blanks. An
 * answer is one line: "ok", with facts perhaps, or "no" and the reason.
 */
public final class Oracle {
  interface Question {
    String ask(String[] words) throws Exception;
  }

  private static final Map<String, Question> QUESTIONS =
      Map.of(
          "chain", Chains::chain,
          "revocation", Chains::revocation,
          "stapled", Chains::stapled,
          "crl", Status::crl,
          "ocsp", Status::ocsp,
          "request", Keys::request,
          "envelope", Keys::envelope,
          "est", Enrolment::est);

  private Oracle() {}

  public static void main(String[] arguments) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in), 1 << 20);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(answer(line.trim().split(" +")).replaceAll("\\s+", " ").trim());
      System.out.flush();
    }
  }

  private static String answer(String[] words) {
    Question question = QUESTIONS.get(words[0]);
    if (question == null) {
      return "no such question: " + words[0];
    }
    try {
      return "ok " + question.ask(words);
    } catch (Exception | StackOverflowError | OutOfMemoryError fault) {
      Throwable cause = fault;
      StringBuilder said = new StringBuilder("no");
      for (; cause != null; cause = cause.getCause()) {
        said.append(' ').append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
      }
      return said.toString();
    }
  }

  static byte[] bytes(String text) throws Exception {
    return text.startsWith("@") ? Files.readAllBytes(Path.of(text.substring(1))) : Hex.decode(text);
  }

  /** One value of DER. Bouncy Castle also reads BER, and verifies what it would have written itself. */
  static byte[] der(String text) throws Exception {
    byte[] octets = bytes(text);
    if (!Arrays.areEqual(ASN1Primitive.fromByteArray(octets).getEncoded(ASN1Encoding.DER), octets)) {
      throw refused("not as DER writes it");
    }
    return octets;
  }

  static void same(byte[] read, byte[] given) throws Exception {
    if (!Arrays.areEqual(read, given)) {
      throw refused("not as DER writes it");
    }
  }

  static Date moment(String text) {
    return Date.from(Instant.parse(text));
  }

  static Exception refused(String reason) {
    return new IllegalArgumentException(reason);
  }
}
