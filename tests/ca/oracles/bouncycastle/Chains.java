import java.io.ByteArrayInputStream;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.jcajce.PKIXCRLStore;
import org.bouncycastle.jcajce.PKIXExtendedParameters;
import org.bouncycastle.util.CollectionStore;

/** Whole chains: signatures, names, constraints, validity, and revocation by CRL, delta or OCSP. */
final class Chains {
  private Chains() {}

  /** A moment, the root, intermediates, the leaf. */
  static String chain(String[] words) throws Exception {
    List<X509Certificate> all = certificates(words, 2, words.length);
    PKIXParameters parameters = parameters(words[1], all);
    parameters.setRevocationEnabled(false);
    validate(all, parameters);
    return "";
  }

  /** A moment, how many certificates, these (root first), then CRLs and deltas. */
  static String revocation(String[] words) throws Exception {
    int count = Integer.parseInt(words[2]);
    List<X509Certificate> all = certificates(words, 3, 3 + count);
    List<X509CRL> lists = new ArrayList<>();
    for (int place = 3 + count; place < words.length; place++) {
      lists.add((X509CRL) factory().generateCRL(new ByteArrayInputStream(Oracle.der(words[place]))));
    }
    PKIXParameters parameters = parameters(words[1], all);
    parameters.setRevocationEnabled(true);
    parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists), "BC"));
    PKIXExtendedParameters.Builder extended = new PKIXExtendedParameters.Builder(parameters);
    extended.setUseDeltasEnabled(true);
    CollectionStore<X509CRL> store = new CollectionStore<>(lists);
    extended.addCRLStore((PKIXCRLStore<X509CRL>) store::getMatches);
    CertPathValidator.getInstance("PKIX", "BC").validate(path(all), extended.build());
    return "";
  }

  /** A moment, how many certificates, these (root first), then the OCSP response about the leaf. */
  static String stapled(String[] words) throws Exception {
    int count = Integer.parseInt(words[2]);
    List<X509Certificate> all = certificates(words, 3, 3 + count);
    PKIXParameters parameters = parameters(words[1], all);
    CertPathValidator validator = CertPathValidator.getInstance("PKIX", "BC");
    PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
    checker.setOptions(
        EnumSet.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY, PKIXRevocationChecker.Option.NO_FALLBACK));
    checker.setOcspResponses(Map.of(all.get(count - 1), Oracle.bytes(words[3 + count])));
    parameters.setRevocationEnabled(false);
    parameters.addCertPathChecker(checker);
    validator.validate(path(all), parameters);
    return "";
  }

  static X509Certificate certificate(String text) throws Exception {
    byte[] der = Oracle.der(text);
    X509Certificate found = (X509Certificate) factory().generateCertificate(new ByteArrayInputStream(der));
    if (found == null) {
      throw Oracle.refused("no certificate");
    }
    Oracle.same(found.getEncoded(), der);
    return found;
  }

  private static List<X509Certificate> certificates(String[] words, int from, int to) throws Exception {
    List<X509Certificate> all = new ArrayList<>();
    for (int place = from; place < to; place++) {
      all.add(certificate(words[place]));
    }
    return all;
  }

  private static CertificateFactory factory() throws Exception {
    return CertificateFactory.getInstance("X.509", "BC");
  }

  private static PKIXParameters parameters(String moment, List<X509Certificate> all) throws Exception {
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(all.get(0), null)));
    parameters.setDate(Oracle.moment(moment));
    return parameters;
  }

  private static CertPath path(List<X509Certificate> all) throws Exception {
    List<X509Certificate> below = new ArrayList<>(all.subList(1, all.size()));
    Collections.reverse(below);
    return factory().generateCertPath(below);
  }

  private static void validate(List<X509Certificate> all, PKIXParameters parameters) throws Exception {
    if (all.size() == 1) {
      all.get(0).verify(all.get(0).getPublicKey(), "BC");
      all.get(0).checkValidity(parameters.getDate());
      return;
    }
    CertPathValidator.getInstance("PKIX", "BC").validate(path(all), parameters);
  }
}
